/** Hooks and webhooks over HTTP, for back ends in any language. */
@NullMarked
package io.earshot.backend;

import org.jspecify.annotations.NullMarked;
