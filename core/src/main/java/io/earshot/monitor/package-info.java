/** What an operator sees of a running server: its state, its last minutes, and its problems. */
@NullMarked
package io.earshot.monitor;

import org.jspecify.annotations.NullMarked;
