/** TLS between the generator's clients and a server, and the load that only makes handshakes. */
@NullMarked
package io.earshot.bench.tls;

import org.jspecify.annotations.NullMarked;
