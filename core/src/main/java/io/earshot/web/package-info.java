/** Clients that use HTTP requests: their queues, and reads and posts by room URL. */
@NullMarked
package io.earshot.web;

import org.jspecify.annotations.NullMarked;
