package io.earshot.bench.report;

import io.earshot.bench.metric.Measurements;

/**
 * The result of one run of one server under one load.
 *
 * @param server the server's title
 * @param cell the load
 * @param at the point of a curve; 0 if the load is not a curve
 * @param round the number of the round, from 1
 * @param measurements the measured values
 */
public record Result(String server, String cell, double at, int round, Measurements measurements) {}
