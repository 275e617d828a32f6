/** Static files over HTTP: a folder, and the chat page that is built in. */
@NullMarked
package io.earshot.netty.page;

import org.jspecify.annotations.NullMarked;
