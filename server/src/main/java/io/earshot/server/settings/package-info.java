/** The settings: their sources, how sources override each other, and how settings are shown. */
@NullMarked
package io.earshot.server.settings;

import org.jspecify.annotations.NullMarked;
