/** The messages of the protocol: commands, replies and room messages, and their JSON. */
@NullMarked
package io.earshot.protocol;

import org.jspecify.annotations.NullMarked;
