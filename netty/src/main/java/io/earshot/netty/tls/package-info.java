/** TLS in front of a port, with certificates that are read again when their files change. */
@NullMarked
package io.earshot.netty.tls;

import org.jspecify.annotations.NullMarked;
