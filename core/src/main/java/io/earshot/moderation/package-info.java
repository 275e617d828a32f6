/**
 * Bans, mutes and closed rooms: which are in force, and against which clients. Nothing here acts on
 * a connection.
 */
@NullMarked
package io.earshot.moderation;

import org.jspecify.annotations.NullMarked;
