/**
 * A client of an Earshot server, for Java programs. {@link io.earshot.client.EarshotClient} is
 * where to begin.
 */
@NullMarked
package io.earshot.client;

import org.jspecify.annotations.NullMarked;
