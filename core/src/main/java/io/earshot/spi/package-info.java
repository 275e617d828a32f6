/**
 * Types that Earshot's modules share, and that programs which use Earshot do not call.
 *
 * <p>A socket gives bytes to {@link io.earshot.spi.Inbound}, which gives requests to {@link
 * io.earshot.spi.Intake}; the core answers through {@link io.earshot.spi.Outbound}, in the format
 * of a {@link io.earshot.spi.Wire}. A cluster's servers share rooms through a {@link
 * io.earshot.spi.Broker}, which calls back the {@link io.earshot.spi.Bus}.
 */
@NullMarked
package io.earshot.spi;

import org.jspecify.annotations.NullMarked;
