/** Tests of the metrics, with a real Prometheus where one is asked. */
@NullMarked
package io.earshot.metrics;

import org.jspecify.annotations.NullMarked;
