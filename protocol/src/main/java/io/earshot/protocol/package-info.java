/** What travels between clients and servers: commands, replies, room messages, and their JSON. */
@NullMarked
package io.earshot.protocol;

import org.jspecify.annotations.NullMarked;
