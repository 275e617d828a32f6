/** Bans, mutes and closed rooms: what holds, and for whom. Nothing here acts on a connection. */
@NullMarked
package io.earshot.moderation;

import org.jspecify.annotations.NullMarked;
