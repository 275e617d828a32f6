/** The order of a room and the messages that are kept of it, in memory and on disk. */
@NullMarked
package io.earshot.history;

import org.jspecify.annotations.NullMarked;
