/**
 * Decisions about access to rooms, by room rules, tokens and measures. Nothing here waits or asks
 * another thread.
 */
@NullMarked
package io.earshot.access;

import org.jspecify.annotations.NullMarked;
