/**
 * The formats in which JSON travels: decoders from bytes to requests, and framings from JSON to
 * bytes.
 */
@NullMarked
package io.earshot.netty.frame;

import org.jspecify.annotations.NullMarked;
