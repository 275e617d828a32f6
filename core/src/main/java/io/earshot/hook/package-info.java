/**
 * Hooks: server code that decides about requests of clients. They run on virtual threads, one
 * question at a time for each connection.
 */
@NullMarked
package io.earshot.hook;

import org.jspecify.annotations.NullMarked;
