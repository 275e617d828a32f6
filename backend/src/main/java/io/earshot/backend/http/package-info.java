/** Requests to back ends: signed, bounded, and only to addresses to which they may go. */
@NullMarked
package io.earshot.backend.http;

import org.jspecify.annotations.NullMarked;
