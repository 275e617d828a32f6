/** The server as a program: its command line, where its settings come from, and its log. */
@NullMarked
package io.earshot.server;

import org.jspecify.annotations.NullMarked;
