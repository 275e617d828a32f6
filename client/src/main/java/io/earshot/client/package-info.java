/**
 * A client for rooms: it says, hears and asks, and comes back by itself.
 *
 * <p>It begins at {@link io.earshot.client.EarshotClient}.
 */
@NullMarked
package io.earshot.client;

import org.jspecify.annotations.NullMarked;
