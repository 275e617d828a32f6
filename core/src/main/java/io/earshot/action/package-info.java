/** Running actions on virtual threads, and the actions that need only the API. */
@NullMarked
package io.earshot.action;

import org.jspecify.annotations.NullMarked;
