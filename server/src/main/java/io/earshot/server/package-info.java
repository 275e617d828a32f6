/** The server as a program: its command line, and how it starts and stops. */
@NullMarked
package io.earshot.server;

import org.jspecify.annotations.NullMarked;
