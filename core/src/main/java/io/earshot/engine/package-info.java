/**
 * Makes a server of the parts: transports connect clients to the {@link io.earshot.engine.Engine}.
 */
@NullMarked
package io.earshot.engine;

import org.jspecify.annotations.NullMarked;
