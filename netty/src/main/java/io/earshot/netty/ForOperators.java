package io.earshot.netty;

import io.earshot.netty.operator.MetricsRoute;
import org.jspecify.annotations.Nullable;

/**
 * What operators ask without a key, on whichever port answers them.
 *
 * <p>Immutable.
 *
 * @param health answers requests for the health
 * @param metrics answers scrapes; null if the metrics are turned off, or there are none
 */
record ForOperators(Health health, @Nullable MetricsRoute metrics) {}
