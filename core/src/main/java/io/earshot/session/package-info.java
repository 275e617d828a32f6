/**
 * The connections of TCP, WebSocket and stream clients: requests in order, what each request does,
 * and sessions that a client resumes on another connection.
 */
@NullMarked
package io.earshot.session;

import org.jspecify.annotations.NullMarked;
