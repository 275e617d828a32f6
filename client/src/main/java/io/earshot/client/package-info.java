/**
 * A client of an Earshot server, for Java programs. Begin with {@link
 * io.earshot.client.EarshotClient}.
 */
@NullMarked
package io.earshot.client;

import org.jspecify.annotations.NullMarked;
