/** How settings are written: paths, patterns, rules and keys. No setting is known here by name. */
@NullMarked
package io.earshot.config;

import org.jspecify.annotations.NullMarked;
