/** The raw results of a run, and the report with its charts. */
@NullMarked
package io.earshot.bench.report;

import org.jspecify.annotations.NullMarked;
