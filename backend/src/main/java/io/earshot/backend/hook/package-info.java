/** Hooks and actions that back ends answer over HTTP: the setting {@code hooks.http}. */
@NullMarked
package io.earshot.backend.hook;

import org.jspecify.annotations.NullMarked;
