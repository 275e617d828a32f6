/** Servers, loops and brokers that a test runs without sockets. */
@NullMarked
package io.earshot.testing;

import org.jspecify.annotations.NullMarked;
