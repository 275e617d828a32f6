/** Asking hooks: one question at a time for each connection, on virtual threads. */
@NullMarked
package io.earshot.hook;

import org.jspecify.annotations.NullMarked;
