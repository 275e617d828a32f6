/**
 * Puts the parts together: the {@link io.earshot.engine.Engine} is what transports connect clients
 * to.
 */
@NullMarked
package io.earshot.engine;

import org.jspecify.annotations.NullMarked;
