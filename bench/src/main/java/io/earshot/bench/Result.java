package io.earshot.bench;

/**
 * What one run of one server under one load has come to.
 *
 * @param server the server's title
 * @param cell the load
 * @param at where on a curve it is; 0 if it is on none
 * @param round in which round, from 1
 * @param figures what was measured
 */
record Result(String server, String cell, double at, int round, Figures figures) {}
