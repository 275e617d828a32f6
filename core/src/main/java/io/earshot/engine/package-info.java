/** Assembles the server. Transports connect clients to the {@link io.earshot.engine.Engine}. */
@NullMarked
package io.earshot.engine;

import org.jspecify.annotations.NullMarked;
