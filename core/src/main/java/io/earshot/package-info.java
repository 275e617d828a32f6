/** Connections, rooms, and what a program that embeds Earshot calls. No sockets. */
@NullMarked
package io.earshot;

import org.jspecify.annotations.NullMarked;
