/** Rooms on their event loops, and the fan-out to their members. */
@NullMarked
package io.earshot.room;

import org.jspecify.annotations.NullMarked;
