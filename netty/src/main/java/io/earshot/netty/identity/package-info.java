/**
 * The sender of an HTTP request: the cookie of its client, the address that proxies forward, the
 * origin of its page, and its bearer token.
 */
@NullMarked
package io.earshot.netty.identity;

import org.jspecify.annotations.NullMarked;
