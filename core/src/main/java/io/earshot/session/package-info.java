/** TCP, WebSocket and stream clients: requests in order, and resuming a session. */
@NullMarked
package io.earshot.session;

import org.jspecify.annotations.NullMarked;
