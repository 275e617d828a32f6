/** The order of a room and its remembered messages, in memory and on disk. */
@NullMarked
package io.earshot.history;

import org.jspecify.annotations.NullMarked;
