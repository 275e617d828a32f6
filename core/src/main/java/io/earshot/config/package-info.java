/**
 * The form of settings: paths, values, patterns, room rules and keys. Nothing here knows a setting
 * by name, apart from those of a room rule.
 */
@NullMarked
package io.earshot.config;

import org.jspecify.annotations.NullMarked;
