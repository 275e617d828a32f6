/**
 * Clients that use HTTP requests: their message queues, and requests to read or post in a room by
 * its URL.
 */
@NullMarked
package io.earshot.web;

import org.jspecify.annotations.NullMarked;
