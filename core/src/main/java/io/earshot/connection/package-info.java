/**
 * Connections as members of rooms, whatever their transport: admission, tokens, places in rooms,
 * and the directory of all connections.
 */
@NullMarked
package io.earshot.connection;

import org.jspecify.annotations.NullMarked;
