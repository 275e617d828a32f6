/**
 * Reading earlier messages of rooms: those that the room remembers, and before them those of an
 * {@link io.earshot.spi.Archive}.
 */
@NullMarked
package io.earshot.archive;

import org.jspecify.annotations.NullMarked;
