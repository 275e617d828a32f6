/** The console: its page, and the stream of events that feeds it. */
@NullMarked
package io.earshot.netty.console;

import org.jspecify.annotations.NullMarked;
