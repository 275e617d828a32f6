/**
 * HTTP requests and responses: decoding and checking a request, calling the engine for its client,
 * and the formats of answers and errors.
 */
@NullMarked
package io.earshot.netty.http;

import org.jspecify.annotations.NullMarked;
