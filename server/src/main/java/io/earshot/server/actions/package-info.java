/**
 * Actions and plug-ins that are not part of the server: how they are compiled, loaded, and replaced
 * while the server runs.
 */
@NullMarked
package io.earshot.server.actions;

import org.jspecify.annotations.NullMarked;
