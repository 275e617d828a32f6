/** The metrics of a run: what is measured, the measured values, and how values are shown. */
@NullMarked
package io.earshot.bench.metric;

import org.jspecify.annotations.NullMarked;
