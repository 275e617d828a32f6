/** Explains why a client did or did not receive a message, from what the event loops remember. */
@NullMarked
package io.earshot.explain;

import org.jspecify.annotations.NullMarked;
