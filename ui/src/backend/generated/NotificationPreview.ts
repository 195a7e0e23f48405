// Generated from the Rust types of the same name.
/**
 * The texts of a notification.
 */
export type NotificationPreview = { 
/**
 * The title.
 */
title: string, 
/**
 * The body.
 */
body: string, };
