/**
 * Who may do what, by room rules, tokens and measures. Nothing here waits or asks another thread.
 */
@NullMarked
package io.earshot.access;

import org.jspecify.annotations.NullMarked;
