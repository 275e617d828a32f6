/**
 * The form of settings: paths, values, patterns, room rules, keys, the address of Redis, and PEM
 * files. Nothing here reads a setting from the tree.
 */
@NullMarked
package io.earshot.config;

import org.jspecify.annotations.NullMarked;
