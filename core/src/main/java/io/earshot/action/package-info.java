/** Runs actions on virtual threads; also the shipped actions that need nothing but the API. */
@NullMarked
package io.earshot.action;

import org.jspecify.annotations.NullMarked;
