/** TCP lines, WebSocket and HTTP as doors to the rooms. */
@NullMarked
package io.earshot.netty;

import org.jspecify.annotations.NullMarked;
