/** Clients of all transports, and servers for them, for the tests of all modules. */
@NullMarked
package io.earshot.netty.testing;

import org.jspecify.annotations.NullMarked;
