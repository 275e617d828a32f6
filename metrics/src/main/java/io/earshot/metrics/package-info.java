/** The metrics of a server, for Micrometer, Prometheus and OTLP. */
@NullMarked
package io.earshot.metrics;

import org.jspecify.annotations.NullMarked;
