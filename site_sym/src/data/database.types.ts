// Generated from supabase/migrations by `python -m tools.database_types`. Do not edit.

export type Json = string | number | boolean | null | { [key: string]: Json | undefined } | Json[];

export type Database = {
  "public": {
    Tables: {
      "activity": {
        Row: {
          "action": string;
          "activity_id": number;
          "after": Json | null;
          "at": string;
          "author_id": string | null;
          "before": Json | null;
          "device_uuid": string | null;
          "fleet_id": string;
          "label": string | null;
          "plane_id": string | null;
          "session_id": string | null;
          "subject": string;
          "subject_id": string;
        };
        ComputedFields: never;
        Insert: {
          "action": string;
          "activity_id"?: never;
          "after"?: Json | null;
          "at": string;
          "author_id"?: string | null;
          "before"?: Json | null;
          "device_uuid"?: string | null;
          "fleet_id": string;
          "label"?: string | null;
          "plane_id"?: string | null;
          "session_id"?: string | null;
          "subject": string;
          "subject_id": string;
        };
        Update: {
          "action"?: string;
          "activity_id"?: never;
          "after"?: Json | null;
          "at"?: string;
          "author_id"?: string | null;
          "before"?: Json | null;
          "device_uuid"?: string | null;
          "fleet_id"?: string;
          "label"?: string | null;
          "plane_id"?: string | null;
          "session_id"?: string | null;
          "subject"?: string;
          "subject_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "activity_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "activity_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
        ];
      };
      "component_installations": {
        Row: {
          "component_id": string;
          "created_at": string;
          "created_by": string | null;
          "fleet_id": string;
          "installation_id": string;
          "installed_from": string;
          "meter_id": string;
          "plane_id": string;
          "removed_at": string | null;
          "since_new_seconds": number | null;
          "since_overhaul_seconds": number | null;
        };
        ComputedFields: never;
        Insert: {
          "component_id": string;
          "created_at"?: string;
          "created_by"?: string | null;
          "fleet_id": string;
          "installation_id"?: string;
          "installed_from": string;
          "meter_id": string;
          "plane_id": string;
          "removed_at"?: string | null;
          "since_new_seconds"?: number | null;
          "since_overhaul_seconds"?: number | null;
        };
        Update: {
          "component_id"?: string;
          "created_at"?: string;
          "created_by"?: string | null;
          "fleet_id"?: string;
          "installation_id"?: string;
          "installed_from"?: string;
          "meter_id"?: string;
          "plane_id"?: string;
          "removed_at"?: string | null;
          "since_new_seconds"?: number | null;
          "since_overhaul_seconds"?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: "component_installations_fleet_id_component_id_fkey";
            columns: ["fleet_id", "component_id"];
            isOneToOne: false;
            referencedRelation: "components";
            referencedColumns: ["fleet_id", "component_id"];
          },
          {
            foreignKeyName: "component_installations_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "component_installations_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "component_installations_fleet_id_plane_id_fkey";
            columns: ["fleet_id", "plane_id"];
            isOneToOne: false;
            referencedRelation: "planes";
            referencedColumns: ["fleet_id", "plane_id"];
          },
          {
            foreignKeyName: "component_installations_plane_id_meter_id_fkey";
            columns: ["plane_id", "meter_id"];
            isOneToOne: false;
            referencedRelation: "meters";
            referencedColumns: ["plane_id", "meter_id"];
          },
        ];
      };
      "components": {
        Row: {
          "component_id": string;
          "created_at": string;
          "fleet_id": string;
          "kind": Database["public"]["Enums"]["component_kind"];
          "make": string | null;
          "model": string | null;
          "note": string | null;
          "serial": string | null;
        };
        ComputedFields: never;
        Insert: {
          "component_id"?: string;
          "created_at"?: string;
          "fleet_id": string;
          "kind": Database["public"]["Enums"]["component_kind"];
          "make"?: string | null;
          "model"?: string | null;
          "note"?: string | null;
          "serial"?: string | null;
        };
        Update: {
          "component_id"?: string;
          "created_at"?: string;
          "fleet_id"?: string;
          "kind"?: Database["public"]["Enums"]["component_kind"];
          "make"?: string | null;
          "model"?: string | null;
          "note"?: string | null;
          "serial"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "components_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "components_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
        ];
      };
      "device_assignments": {
        Row: {
          "assigned_at": string;
          "assigned_by": string | null;
          "assigned_from": string;
          "assignment_id": string;
          "device_uuid": string;
          "fleet_id": string;
          "ownership_id": string;
          "plane_id": string | null;
        };
        ComputedFields: never;
        Insert: {
          "assigned_at"?: string;
          "assigned_by"?: string | null;
          "assigned_from": string;
          "assignment_id"?: string;
          "device_uuid": string;
          "fleet_id": string;
          "ownership_id": string;
          "plane_id"?: string | null;
        };
        Update: {
          "assigned_at"?: string;
          "assigned_by"?: string | null;
          "assigned_from"?: string;
          "assignment_id"?: string;
          "device_uuid"?: string;
          "fleet_id"?: string;
          "ownership_id"?: string;
          "plane_id"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "device_assignments_device_uuid_fkey";
            columns: ["device_uuid"];
            isOneToOne: false;
            referencedRelation: "devices";
            referencedColumns: ["device_uuid"];
          },
          {
            foreignKeyName: "device_assignments_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "device_assignments_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "device_assignments_fleet_id_ownership_id_fkey";
            columns: ["fleet_id", "ownership_id"];
            isOneToOne: false;
            referencedRelation: "device_ownerships";
            referencedColumns: ["fleet_id", "ownership_id"];
          },
          {
            foreignKeyName: "device_assignments_fleet_id_plane_id_fkey";
            columns: ["fleet_id", "plane_id"];
            isOneToOne: false;
            referencedRelation: "planes";
            referencedColumns: ["fleet_id", "plane_id"];
          },
        ];
      };
      "device_ownerships": {
        Row: {
          "claimed_at": string;
          "claimed_by": string | null;
          "device_uuid": string;
          "fleet_id": string | null;
          "name": string | null;
          "owned": unknown;
          "owned_from": string;
          "owned_until": string | null;
          "ownership_id": string;
          "released_by": string | null;
        };
        ComputedFields: never;
        Insert: {
          "claimed_at"?: string;
          "claimed_by"?: string | null;
          "device_uuid": string;
          "fleet_id"?: string | null;
          "name"?: string | null;
          "owned"?: never;
          "owned_from"?: string;
          "owned_until"?: string | null;
          "ownership_id"?: string;
          "released_by"?: string | null;
        };
        Update: {
          "claimed_at"?: string;
          "claimed_by"?: string | null;
          "device_uuid"?: string;
          "fleet_id"?: string | null;
          "name"?: string | null;
          "owned"?: never;
          "owned_from"?: string;
          "owned_until"?: string | null;
          "ownership_id"?: string;
          "released_by"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "device_ownerships_device_uuid_fkey";
            columns: ["device_uuid"];
            isOneToOne: false;
            referencedRelation: "devices";
            referencedColumns: ["device_uuid"];
          },
          {
            foreignKeyName: "device_ownerships_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "device_ownerships_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
        ];
      };
      "devices": {
        Row: {
          "announced": boolean;
          "boot": number | null;
          "created_at": string;
          "device_uuid": string;
          "firmware": string | null;
          "fleet_id": string | null;
          "has_posted": boolean;
          "key_bound_at": string | null;
          "key_reset_at": string | null;
          "last_seen": string | null;
          "lifetime_seconds": number | null;
          "new_sessions": number;
          "new_sessions_day": string | null;
          "refused_at": string | null;
          "refused_code": string | null;
          "refused_posts": number;
          "rejected_at": string | null;
          "rejected_code": string | null;
          "report_run_seconds": number | null;
          "report_session_start": string | null;
          "request_count": number;
          "request_minute": string | null;
          "reset_reason": string | null;
          "unsent": number | null;
        };
        ComputedFields: never;
        Insert: {
          "announced"?: boolean;
          "boot"?: number | null;
          "created_at"?: string;
          "device_uuid": string;
          "firmware"?: string | null;
          "fleet_id"?: string | null;
          "has_posted"?: boolean;
          "key_bound_at"?: string | null;
          "key_reset_at"?: string | null;
          "last_seen"?: string | null;
          "lifetime_seconds"?: number | null;
          "new_sessions"?: number;
          "new_sessions_day"?: string | null;
          "refused_at"?: string | null;
          "refused_code"?: string | null;
          "refused_posts"?: number;
          "rejected_at"?: string | null;
          "rejected_code"?: string | null;
          "report_run_seconds"?: number | null;
          "report_session_start"?: string | null;
          "request_count"?: number;
          "request_minute"?: string | null;
          "reset_reason"?: string | null;
          "unsent"?: number | null;
        };
        Update: {
          "announced"?: boolean;
          "boot"?: number | null;
          "created_at"?: string;
          "device_uuid"?: string;
          "firmware"?: string | null;
          "fleet_id"?: string | null;
          "has_posted"?: boolean;
          "key_bound_at"?: string | null;
          "key_reset_at"?: string | null;
          "last_seen"?: string | null;
          "lifetime_seconds"?: number | null;
          "new_sessions"?: number;
          "new_sessions_day"?: string | null;
          "refused_at"?: string | null;
          "refused_code"?: string | null;
          "refused_posts"?: number;
          "rejected_at"?: string | null;
          "rejected_code"?: string | null;
          "report_run_seconds"?: number | null;
          "report_session_start"?: string | null;
          "request_count"?: number;
          "request_minute"?: string | null;
          "reset_reason"?: string | null;
          "unsent"?: number | null;
        };
        Relationships: [
          {
            foreignKeyName: "devices_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "devices_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
        ];
      };
      "fleet_invites": {
        Row: {
          "accepted_at": string | null;
          "accepted_by": string | null;
          "created_at": string;
          "created_by": string | null;
          "expires_at": string;
          "fleet_id": string;
          "invite_id": string;
          "role": Database["public"]["Enums"]["fleet_role"];
        };
        ComputedFields: never;
        Insert: {
          "accepted_at"?: string | null;
          "accepted_by"?: string | null;
          "created_at"?: string;
          "created_by"?: string | null;
          "expires_at": string;
          "fleet_id": string;
          "invite_id"?: string;
          "role": Database["public"]["Enums"]["fleet_role"];
        };
        Update: {
          "accepted_at"?: string | null;
          "accepted_by"?: string | null;
          "created_at"?: string;
          "created_by"?: string | null;
          "expires_at"?: string;
          "fleet_id"?: string;
          "invite_id"?: string;
          "role"?: Database["public"]["Enums"]["fleet_role"];
        };
        Relationships: [
          {
            foreignKeyName: "fleet_invites_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "fleet_invites_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
        ];
      };
      "fleet_members": {
        Row: {
          "fleet_id": string;
          "joined_at": string;
          "role": Database["public"]["Enums"]["fleet_role"];
          "user_id": string;
        };
        ComputedFields: never;
        Insert: {
          "fleet_id": string;
          "joined_at"?: string;
          "role": Database["public"]["Enums"]["fleet_role"];
          "user_id": string;
        };
        Update: {
          "fleet_id"?: string;
          "joined_at"?: string;
          "role"?: Database["public"]["Enums"]["fleet_role"];
          "user_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "fleet_members_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "fleet_members_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
        ];
      };
      "fleets": {
        Row: {
          "created_at": string;
          "deleted_at": string | null;
          "fleet_id": string;
          "locked_until": string | null;
          "name": string;
        };
        ComputedFields: never;
        Insert: {
          "created_at"?: string;
          "deleted_at"?: string | null;
          "fleet_id"?: string;
          "locked_until"?: string | null;
          "name": string;
        };
        Update: {
          "created_at"?: string;
          "deleted_at"?: string | null;
          "fleet_id"?: string;
          "locked_until"?: string | null;
          "name"?: string;
        };
        Relationships: [];
      };
      "hour_readings": {
        Row: {
          "as_of": string;
          "difference_seconds": number | null;
          "entered_at": string;
          "entered_by": string | null;
          "entry": number;
          "expected_seconds": number | null;
          "fleet_id": string;
          "meter_id": string;
          "note": string | null;
          "plane_id": string;
          "reading_id": string;
          "reason": Database["public"]["Enums"]["reading_reason"];
          "seconds": number;
          "void_reason": string | null;
          "voided_at": string | null;
          "voided_by": string | null;
        };
        ComputedFields: never;
        Insert: {
          "as_of": string;
          "difference_seconds"?: never;
          "entered_at"?: string;
          "entered_by"?: string | null;
          "entry"?: never;
          "expected_seconds"?: number | null;
          "fleet_id": string;
          "meter_id": string;
          "note"?: string | null;
          "plane_id": string;
          "reading_id"?: string;
          "reason": Database["public"]["Enums"]["reading_reason"];
          "seconds": number;
          "void_reason"?: string | null;
          "voided_at"?: string | null;
          "voided_by"?: string | null;
        };
        Update: {
          "as_of"?: string;
          "difference_seconds"?: never;
          "entered_at"?: string;
          "entered_by"?: string | null;
          "entry"?: never;
          "expected_seconds"?: number | null;
          "fleet_id"?: string;
          "meter_id"?: string;
          "note"?: string | null;
          "plane_id"?: string;
          "reading_id"?: string;
          "reason"?: Database["public"]["Enums"]["reading_reason"];
          "seconds"?: number;
          "void_reason"?: string | null;
          "voided_at"?: string | null;
          "voided_by"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "hour_readings_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "hour_readings_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "hour_readings_fleet_id_plane_id_fkey";
            columns: ["fleet_id", "plane_id"];
            isOneToOne: false;
            referencedRelation: "planes";
            referencedColumns: ["fleet_id", "plane_id"];
          },
          {
            foreignKeyName: "hour_readings_plane_id_meter_id_fkey";
            columns: ["plane_id", "meter_id"];
            isOneToOne: false;
            referencedRelation: "meters";
            referencedColumns: ["plane_id", "meter_id"];
          },
        ];
      };
      "import_batches": {
        Row: {
          "author_id": string | null;
          "batch_id": string;
          "created_at": string;
          "file_name": string | null;
          "fleet_id": string;
          "mapping": NonNullable<Json>;
          "name": string;
          "reverted_at": string | null;
          "reverted_by": string | null;
          "row_count": number;
        };
        ComputedFields: never;
        Insert: {
          "author_id"?: string | null;
          "batch_id": string;
          "created_at"?: string;
          "file_name"?: string | null;
          "fleet_id": string;
          "mapping": NonNullable<Json>;
          "name": string;
          "reverted_at"?: string | null;
          "reverted_by"?: string | null;
          "row_count": number;
        };
        Update: {
          "author_id"?: string | null;
          "batch_id"?: string;
          "created_at"?: string;
          "file_name"?: string | null;
          "fleet_id"?: string;
          "mapping"?: NonNullable<Json>;
          "name"?: string;
          "reverted_at"?: string | null;
          "reverted_by"?: string | null;
          "row_count"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "import_batches_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "import_batches_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
        ];
      };
      "maintenance_completions": {
        Row: {
          "completion_id": string;
          "done_at": string;
          "done_on": string;
          "entered_at": string;
          "entered_by": string | null;
          "entry": number;
          "expected_seconds": number | null;
          "fleet_id": string;
          "item_id": string;
          "meter_seconds": number | null;
          "note": string | null;
          "void_reason": string | null;
          "voided_at": string | null;
          "voided_by": string | null;
        };
        ComputedFields: never;
        Insert: {
          "completion_id"?: string;
          "done_at": string;
          "done_on": string;
          "entered_at"?: string;
          "entered_by"?: string | null;
          "entry"?: never;
          "expected_seconds"?: number | null;
          "fleet_id": string;
          "item_id": string;
          "meter_seconds"?: number | null;
          "note"?: string | null;
          "void_reason"?: string | null;
          "voided_at"?: string | null;
          "voided_by"?: string | null;
        };
        Update: {
          "completion_id"?: string;
          "done_at"?: string;
          "done_on"?: string;
          "entered_at"?: string;
          "entered_by"?: string | null;
          "entry"?: never;
          "expected_seconds"?: number | null;
          "fleet_id"?: string;
          "item_id"?: string;
          "meter_seconds"?: number | null;
          "note"?: string | null;
          "void_reason"?: string | null;
          "voided_at"?: string | null;
          "voided_by"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "maintenance_completions_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "maintenance_completions_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "maintenance_completions_fleet_id_item_id_fkey";
            columns: ["fleet_id", "item_id"];
            isOneToOne: false;
            referencedRelation: "maintenance_items";
            referencedColumns: ["fleet_id", "item_id"];
          },
        ];
      };
      "maintenance_items": {
        Row: {
          "anchor": Database["public"]["Enums"]["maintenance_anchor"];
          "archived_at": string | null;
          "component_id": string | null;
          "counts_from": Database["public"]["Enums"]["component_time"] | null;
          "created_at": string;
          "fleet_id": string;
          "interval_days": number | null;
          "interval_months": number | null;
          "interval_seconds": number | null;
          "item_id": string;
          "meter_id": string | null;
          "name": string;
          "note": string | null;
          "plane_id": string | null;
          "tolerance_days": number;
          "tolerance_seconds": number;
          "warning_days": number;
          "warning_seconds": number;
        };
        ComputedFields: never;
        Insert: {
          "anchor": Database["public"]["Enums"]["maintenance_anchor"];
          "archived_at"?: string | null;
          "component_id"?: string | null;
          "counts_from"?: Database["public"]["Enums"]["component_time"] | null;
          "created_at"?: string;
          "fleet_id": string;
          "interval_days"?: number | null;
          "interval_months"?: number | null;
          "interval_seconds"?: number | null;
          "item_id"?: string;
          "meter_id"?: string | null;
          "name": string;
          "note"?: string | null;
          "plane_id"?: string | null;
          "tolerance_days"?: number;
          "tolerance_seconds"?: number;
          "warning_days"?: number;
          "warning_seconds"?: number;
        };
        Update: {
          "anchor"?: Database["public"]["Enums"]["maintenance_anchor"];
          "archived_at"?: string | null;
          "component_id"?: string | null;
          "counts_from"?: Database["public"]["Enums"]["component_time"] | null;
          "created_at"?: string;
          "fleet_id"?: string;
          "interval_days"?: number | null;
          "interval_months"?: number | null;
          "interval_seconds"?: number | null;
          "item_id"?: string;
          "meter_id"?: string | null;
          "name"?: string;
          "note"?: string | null;
          "plane_id"?: string | null;
          "tolerance_days"?: number;
          "tolerance_seconds"?: number;
          "warning_days"?: number;
          "warning_seconds"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "maintenance_items_fleet_id_component_id_fkey";
            columns: ["fleet_id", "component_id"];
            isOneToOne: false;
            referencedRelation: "components";
            referencedColumns: ["fleet_id", "component_id"];
          },
          {
            foreignKeyName: "maintenance_items_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "maintenance_items_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "maintenance_items_fleet_id_plane_id_fkey";
            columns: ["fleet_id", "plane_id"];
            isOneToOne: false;
            referencedRelation: "planes";
            referencedColumns: ["fleet_id", "plane_id"];
          },
          {
            foreignKeyName: "maintenance_items_plane_id_meter_id_fkey";
            columns: ["plane_id", "meter_id"];
            isOneToOne: false;
            referencedRelation: "meters";
            referencedColumns: ["plane_id", "meter_id"];
          },
        ];
      };
      "merged_entries": {
        Row: {
          "author_id": string | null;
          "bus_max_mv": number | null;
          "bus_min_mv": number | null;
          "bus_start_mv": number | null;
          "by_hand": boolean | null;
          "checkpoint_seconds": number | null;
          "class": Database["public"]["Enums"]["session_class"] | null;
          "clock_checked": boolean | null;
          "corrected": boolean | null;
          "counts": boolean | null;
          "created_at": string;
          "device_uuid": string | null;
          "effective_start": string | null;
          "engine_seconds": number | null;
          "entry_id": string;
          "excluded": boolean;
          "flagged": boolean;
          "fleet_id": string;
          "held_seconds": number | null;
          "in_force": boolean;
          "is_estimated": boolean | null;
          "last_session_id": string | null;
          "overlaps": boolean;
          "pilot": string | null;
          "plane_id": string | null;
          "received_at": string | null;
          "remarks": string | null;
          "run_seconds": number | null;
          "session_end": string | null;
          "session_ids": (string)[] | null;
          "short": boolean;
          "start_source": Database["public"]["Enums"]["start_source"] | null;
          "start_uncertainty_s": number | null;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "author_id"?: string | null;
          "bus_max_mv"?: number | null;
          "bus_min_mv"?: number | null;
          "bus_start_mv"?: number | null;
          "by_hand"?: boolean | null;
          "checkpoint_seconds"?: number | null;
          "class"?: Database["public"]["Enums"]["session_class"] | null;
          "clock_checked"?: boolean | null;
          "corrected"?: boolean | null;
          "counts"?: boolean | null;
          "created_at"?: string;
          "device_uuid"?: string | null;
          "effective_start"?: string | null;
          "engine_seconds"?: number | null;
          "entry_id"?: string;
          "excluded"?: boolean;
          "flagged"?: boolean;
          "fleet_id": string;
          "held_seconds"?: number | null;
          "in_force"?: boolean;
          "is_estimated"?: boolean | null;
          "last_session_id"?: string | null;
          "overlaps"?: boolean;
          "pilot"?: string | null;
          "plane_id"?: string | null;
          "received_at"?: string | null;
          "remarks"?: string | null;
          "run_seconds"?: number | null;
          "session_end"?: string | null;
          "session_ids"?: (string)[] | null;
          "short"?: boolean;
          "start_source"?: Database["public"]["Enums"]["start_source"] | null;
          "start_uncertainty_s"?: number | null;
          "updated_at"?: string;
        };
        Update: {
          "author_id"?: string | null;
          "bus_max_mv"?: number | null;
          "bus_min_mv"?: number | null;
          "bus_start_mv"?: number | null;
          "by_hand"?: boolean | null;
          "checkpoint_seconds"?: number | null;
          "class"?: Database["public"]["Enums"]["session_class"] | null;
          "clock_checked"?: boolean | null;
          "corrected"?: boolean | null;
          "counts"?: boolean | null;
          "created_at"?: string;
          "device_uuid"?: string | null;
          "effective_start"?: string | null;
          "engine_seconds"?: number | null;
          "entry_id"?: string;
          "excluded"?: boolean;
          "flagged"?: boolean;
          "fleet_id"?: string;
          "held_seconds"?: number | null;
          "in_force"?: boolean;
          "is_estimated"?: boolean | null;
          "last_session_id"?: string | null;
          "overlaps"?: boolean;
          "pilot"?: string | null;
          "plane_id"?: string | null;
          "received_at"?: string | null;
          "remarks"?: string | null;
          "run_seconds"?: number | null;
          "session_end"?: string | null;
          "session_ids"?: (string)[] | null;
          "short"?: boolean;
          "start_source"?: Database["public"]["Enums"]["start_source"] | null;
          "start_uncertainty_s"?: number | null;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "merged_entries_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "merged_entries_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "merged_entries_fleet_id_plane_id_fkey";
            columns: ["fleet_id", "plane_id"];
            isOneToOne: false;
            referencedRelation: "planes";
            referencedColumns: ["fleet_id", "plane_id"];
          },
        ];
      };
      "merged_sessions": {
        Row: {
          "entry_id": string;
          "fleet_id": string;
          "session_id": string;
        };
        ComputedFields: never;
        Insert: {
          "entry_id": string;
          "fleet_id": string;
          "session_id": string;
        };
        Update: {
          "entry_id"?: string;
          "fleet_id"?: string;
          "session_id"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "merged_sessions_fleet_id_entry_id_fkey";
            columns: ["fleet_id", "entry_id"];
            isOneToOne: false;
            referencedRelation: "merged_entries";
            referencedColumns: ["fleet_id", "entry_id"];
          },
          {
            foreignKeyName: "merged_sessions_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: true;
            referencedRelation: "session_log";
            referencedColumns: ["session_id"];
          },
          {
            foreignKeyName: "merged_sessions_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: true;
            referencedRelation: "sessions";
            referencedColumns: ["session_id"];
          },
        ];
      };
      "meters": {
        Row: {
          "base_meter_id": string | null;
          "created_at": string;
          "entered_ratio": number | null;
          "fleet_id": string;
          "is_primary": boolean;
          "meter_id": string;
          "name": string;
          "plane_id": string;
          "source": Database["public"]["Enums"]["meter_source"];
        };
        ComputedFields: never;
        Insert: {
          "base_meter_id"?: string | null;
          "created_at"?: string;
          "entered_ratio"?: number | null;
          "fleet_id": string;
          "is_primary"?: boolean;
          "meter_id"?: string;
          "name": string;
          "plane_id": string;
          "source": Database["public"]["Enums"]["meter_source"];
        };
        Update: {
          "base_meter_id"?: string | null;
          "created_at"?: string;
          "entered_ratio"?: number | null;
          "fleet_id"?: string;
          "is_primary"?: boolean;
          "meter_id"?: string;
          "name"?: string;
          "plane_id"?: string;
          "source"?: Database["public"]["Enums"]["meter_source"];
        };
        Relationships: [
          {
            foreignKeyName: "meters_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "meters_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "meters_fleet_id_plane_id_fkey";
            columns: ["fleet_id", "plane_id"];
            isOneToOne: false;
            referencedRelation: "planes";
            referencedColumns: ["fleet_id", "plane_id"];
          },
          {
            foreignKeyName: "meters_plane_id_base_meter_id_fkey";
            columns: ["plane_id", "base_meter_id"];
            isOneToOne: false;
            referencedRelation: "meters";
            referencedColumns: ["plane_id", "meter_id"];
          },
        ];
      };
      "monthly_reports": {
        Row: {
          "author_id": string | null;
          "begins": string;
          "content": string;
          "ends": string;
          "fleet_id": string;
          "made_at": string;
          "month": string;
          "report_id": string;
          "sha256": string;
          "time_zone": string;
        };
        ComputedFields: never;
        Insert: {
          "author_id"?: string | null;
          "begins": string;
          "content": string;
          "ends": string;
          "fleet_id": string;
          "made_at": string;
          "month": string;
          "report_id"?: string;
          "sha256"?: never;
          "time_zone": string;
        };
        Update: {
          "author_id"?: string | null;
          "begins"?: string;
          "content"?: string;
          "ends"?: string;
          "fleet_id"?: string;
          "made_at"?: string;
          "month"?: string;
          "report_id"?: string;
          "sha256"?: never;
          "time_zone"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "monthly_reports_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "monthly_reports_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
        ];
      };
      "planes": {
        Row: {
          "archived_at": string | null;
          "created_at": string;
          "fleet_id": string;
          "make": string | null;
          "merge_gap_seconds": number;
          "model": string | null;
          "plane_id": string;
          "registration": string;
          "registration_key": string;
          "type_designator": string | null;
        };
        ComputedFields: never;
        Insert: {
          "archived_at"?: string | null;
          "created_at"?: string;
          "fleet_id": string;
          "make"?: string | null;
          "merge_gap_seconds"?: number;
          "model"?: string | null;
          "plane_id"?: string;
          "registration": string;
          "registration_key"?: never;
          "type_designator"?: string | null;
        };
        Update: {
          "archived_at"?: string | null;
          "created_at"?: string;
          "fleet_id"?: string;
          "make"?: string | null;
          "merge_gap_seconds"?: number;
          "model"?: string | null;
          "plane_id"?: string;
          "registration"?: string;
          "registration_key"?: never;
          "type_designator"?: string | null;
        };
        Relationships: [
          {
            foreignKeyName: "planes_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "planes_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
        ];
      };
      "session_annotations": {
        Row: {
          "author_id": string | null;
          "batch_id": string | null;
          "class": Database["public"]["Enums"]["session_class"] | null;
          "clock_checked": boolean;
          "corrected_start": string | null;
          "created_at": string;
          "edited": boolean;
          "excluded": boolean;
          "fleet_id": string;
          "hand_plane_id": string | null;
          "hand_seconds": number | null;
          "hand_start": string | null;
          "pilot": string | null;
          "remarks": string | null;
          "session_id": string;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "author_id"?: string | null;
          "batch_id"?: string | null;
          "class"?: Database["public"]["Enums"]["session_class"] | null;
          "clock_checked"?: boolean;
          "corrected_start"?: string | null;
          "created_at"?: string;
          "edited"?: boolean;
          "excluded"?: boolean;
          "fleet_id": string;
          "hand_plane_id"?: string | null;
          "hand_seconds"?: number | null;
          "hand_start"?: string | null;
          "pilot"?: string | null;
          "remarks"?: string | null;
          "session_id"?: string;
          "updated_at"?: string;
        };
        Update: {
          "author_id"?: string | null;
          "batch_id"?: string | null;
          "class"?: Database["public"]["Enums"]["session_class"] | null;
          "clock_checked"?: boolean;
          "corrected_start"?: string | null;
          "created_at"?: string;
          "edited"?: boolean;
          "excluded"?: boolean;
          "fleet_id"?: string;
          "hand_plane_id"?: string | null;
          "hand_seconds"?: number | null;
          "hand_start"?: string | null;
          "pilot"?: string | null;
          "remarks"?: string | null;
          "session_id"?: string;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "session_annotations_fleet_id_batch_id_fkey";
            columns: ["fleet_id", "batch_id"];
            isOneToOne: false;
            referencedRelation: "import_batches";
            referencedColumns: ["fleet_id", "batch_id"];
          },
          {
            foreignKeyName: "session_annotations_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "session_annotations_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "session_annotations_fleet_id_hand_plane_id_fkey";
            columns: ["fleet_id", "hand_plane_id"];
            isOneToOne: false;
            referencedRelation: "planes";
            referencedColumns: ["fleet_id", "plane_id"];
          },
        ];
      };
      "session_parts": {
        Row: {
          "author_id": string | null;
          "class": Database["public"]["Enums"]["session_class"] | null;
          "created_at": string;
          "device_uuid": string | null;
          "effective_start": string;
          "entry_id": string;
          "excluded": boolean;
          "flagged": boolean;
          "fleet_id": string;
          "from_seconds": number;
          "in_force": boolean;
          "overlaps": boolean;
          "part_count": number | null;
          "part_number": number | null;
          "pilot": string | null;
          "plane_id": string | null;
          "remarks": string | null;
          "session_end": string | null;
          "session_id": string;
          "short": boolean;
          "start_source": Database["public"]["Enums"]["start_source"] | null;
          "until_seconds": number | null;
          "updated_at": string;
        };
        ComputedFields: never;
        Insert: {
          "author_id"?: string | null;
          "class"?: Database["public"]["Enums"]["session_class"] | null;
          "created_at"?: string;
          "device_uuid"?: string | null;
          "effective_start": string;
          "entry_id"?: string;
          "excluded"?: boolean;
          "flagged"?: boolean;
          "fleet_id": string;
          "from_seconds": number;
          "in_force"?: boolean;
          "overlaps"?: boolean;
          "part_count"?: number | null;
          "part_number"?: number | null;
          "pilot"?: string | null;
          "plane_id"?: string | null;
          "remarks"?: string | null;
          "session_end"?: string | null;
          "session_id": string;
          "short"?: boolean;
          "start_source"?: Database["public"]["Enums"]["start_source"] | null;
          "until_seconds"?: number | null;
          "updated_at"?: string;
        };
        Update: {
          "author_id"?: string | null;
          "class"?: Database["public"]["Enums"]["session_class"] | null;
          "created_at"?: string;
          "device_uuid"?: string | null;
          "effective_start"?: string;
          "entry_id"?: string;
          "excluded"?: boolean;
          "flagged"?: boolean;
          "fleet_id"?: string;
          "from_seconds"?: number;
          "in_force"?: boolean;
          "overlaps"?: boolean;
          "part_count"?: number | null;
          "part_number"?: number | null;
          "pilot"?: string | null;
          "plane_id"?: string | null;
          "remarks"?: string | null;
          "session_end"?: string | null;
          "session_id"?: string;
          "short"?: boolean;
          "start_source"?: Database["public"]["Enums"]["start_source"] | null;
          "until_seconds"?: number | null;
          "updated_at"?: string;
        };
        Relationships: [
          {
            foreignKeyName: "session_parts_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "session_parts_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "session_parts_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: false;
            referencedRelation: "session_log";
            referencedColumns: ["session_id"];
          },
          {
            foreignKeyName: "session_parts_session_id_fkey";
            columns: ["session_id"];
            isOneToOne: false;
            referencedRelation: "sessions";
            referencedColumns: ["session_id"];
          },
        ];
      };
      "sessions": {
        Row: {
          "boot": number | null;
          "bus_max_mv": number | null;
          "bus_min_mv": number | null;
          "bus_start_mv": number | null;
          "checkpoint_seconds": number | null;
          "class": Database["public"]["Enums"]["session_class"] | null;
          "clock_checked": boolean;
          "counts": boolean;
          "device_uuid": string | null;
          "effective_start": string;
          "engine_first_s": number | null;
          "engine_seconds": number | null;
          "excluded": boolean;
          "firmware": string | null;
          "flagged": boolean;
          "fleet_id": string | null;
          "future": boolean;
          "grown_at": string;
          "heard_at": string;
          "in_entry": boolean;
          "is_overlaid": boolean;
          "known_at_release": number | null;
          "last_update": string | null;
          "lifetime_seconds": number | null;
          "long": boolean;
          "looked_at_seconds": number | null;
          "overlaps": boolean;
          "pilot": string | null;
          "plane_id": string | null;
          "received_at": string;
          "report_closed": boolean;
          "reset_reason": string | null;
          "run_seconds": number;
          "session_end": string;
          "session_id": string;
          "session_start": string;
          "short": boolean;
          "start_source": Database["public"]["Enums"]["start_source"] | null;
          "start_uncertainty_s": number | null;
          "status": Database["public"]["Enums"]["session_status"];
        };
        ComputedFields: never;
        Insert: {
          "boot"?: number | null;
          "bus_max_mv"?: number | null;
          "bus_min_mv"?: number | null;
          "bus_start_mv"?: number | null;
          "checkpoint_seconds"?: number | null;
          "class"?: Database["public"]["Enums"]["session_class"] | null;
          "clock_checked"?: boolean;
          "counts"?: never;
          "device_uuid"?: string | null;
          "effective_start": string;
          "engine_first_s"?: number | null;
          "engine_seconds"?: number | null;
          "excluded"?: boolean;
          "firmware"?: string | null;
          "flagged"?: never;
          "fleet_id"?: string | null;
          "future"?: boolean;
          "grown_at"?: string;
          "heard_at"?: string;
          "in_entry"?: boolean;
          "is_overlaid"?: boolean;
          "known_at_release"?: number | null;
          "last_update"?: string | null;
          "lifetime_seconds"?: number | null;
          "long"?: never;
          "looked_at_seconds"?: number | null;
          "overlaps"?: boolean;
          "pilot"?: string | null;
          "plane_id"?: string | null;
          "received_at"?: string;
          "report_closed"?: boolean;
          "reset_reason"?: string | null;
          "run_seconds": number;
          "session_end"?: never;
          "session_id": string;
          "session_start": string;
          "short"?: never;
          "start_source"?: Database["public"]["Enums"]["start_source"] | null;
          "start_uncertainty_s"?: number | null;
          "status": Database["public"]["Enums"]["session_status"];
        };
        Update: {
          "boot"?: number | null;
          "bus_max_mv"?: number | null;
          "bus_min_mv"?: number | null;
          "bus_start_mv"?: number | null;
          "checkpoint_seconds"?: number | null;
          "class"?: Database["public"]["Enums"]["session_class"] | null;
          "clock_checked"?: boolean;
          "counts"?: never;
          "device_uuid"?: string | null;
          "effective_start"?: string;
          "engine_first_s"?: number | null;
          "engine_seconds"?: number | null;
          "excluded"?: boolean;
          "firmware"?: string | null;
          "flagged"?: never;
          "fleet_id"?: string | null;
          "future"?: boolean;
          "grown_at"?: string;
          "heard_at"?: string;
          "in_entry"?: boolean;
          "is_overlaid"?: boolean;
          "known_at_release"?: number | null;
          "last_update"?: string | null;
          "lifetime_seconds"?: number | null;
          "long"?: never;
          "looked_at_seconds"?: number | null;
          "overlaps"?: boolean;
          "pilot"?: string | null;
          "plane_id"?: string | null;
          "received_at"?: string;
          "report_closed"?: boolean;
          "reset_reason"?: string | null;
          "run_seconds"?: number;
          "session_end"?: never;
          "session_id"?: string;
          "session_start"?: string;
          "short"?: never;
          "start_source"?: Database["public"]["Enums"]["start_source"] | null;
          "start_uncertainty_s"?: number | null;
          "status"?: Database["public"]["Enums"]["session_status"];
        };
        Relationships: [
          {
            foreignKeyName: "sessions_device_uuid_fkey";
            columns: ["device_uuid"];
            isOneToOne: false;
            referencedRelation: "devices";
            referencedColumns: ["device_uuid"];
          },
          {
            foreignKeyName: "sessions_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "sessions_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "sessions_fleet_id_plane_id_fkey";
            columns: ["fleet_id", "plane_id"];
            isOneToOne: false;
            referencedRelation: "planes";
            referencedColumns: ["fleet_id", "plane_id"];
          },
        ];
      };
      "settled_boot_gaps": {
        Row: {
          "device_uuid": string;
          "fleet_id": string;
          "from_boot": number;
          "gap_id": string;
          "settled_at": string;
          "settled_by": string | null;
          "to_boot": number;
        };
        ComputedFields: never;
        Insert: {
          "device_uuid": string;
          "fleet_id": string;
          "from_boot": number;
          "gap_id"?: string;
          "settled_at"?: string;
          "settled_by"?: string | null;
          "to_boot": number;
        };
        Update: {
          "device_uuid"?: string;
          "fleet_id"?: string;
          "from_boot"?: number;
          "gap_id"?: string;
          "settled_at"?: string;
          "settled_by"?: string | null;
          "to_boot"?: number;
        };
        Relationships: [
          {
            foreignKeyName: "settled_boot_gaps_device_uuid_fkey";
            columns: ["device_uuid"];
            isOneToOne: false;
            referencedRelation: "devices";
            referencedColumns: ["device_uuid"];
          },
          {
            foreignKeyName: "settled_boot_gaps_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "settled_boot_gaps_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
        ];
      };
    };
    Views: {
      "activity_log": {
        Row: {
          "action": string;
          "activity_id": number;
          "after": Json | null;
          "at": string;
          "author": string | null;
          "author_id": string | null;
          "before": Json | null;
          "device_uuid": string | null;
          "fleet_id": string;
          "label": string | null;
          "plane_id": string | null;
          "registration": string | null;
          "session_id": string | null;
          "subject": string;
          "subject_id": string;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "activity_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "activity_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
        ];
      };
      "device_status": {
        Row: {
          "assigned_from": string | null;
          "attention": string | null;
          "boot": number | null;
          "claimed_at": string;
          "device_uuid": string;
          "firmware": string | null;
          "first_effective_start": string | null;
          "fleet_id": string | null;
          "key_bound_at": string | null;
          "key_reset_at": string | null;
          "last_seen": string | null;
          "lifetime_seconds": number | null;
          "name": string | null;
          "owned_from": string;
          "plane_id": string | null;
          "refused_at": string | null;
          "refused_posts": number;
          "registration": string | null;
          "rejected_at": string | null;
          "rejected_code": string | null;
          "reset_reason": string | null;
          "running_effective_start": string | null;
          "running_seconds": number | null;
          "running_update": string | null;
          "state": Database["public"]["Enums"]["device_state"] | null;
          "unassigned_sessions": number | null;
          "unsent": number | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "device_ownerships_device_uuid_fkey";
            columns: ["device_uuid"];
            isOneToOne: false;
            referencedRelation: "devices";
            referencedColumns: ["device_uuid"];
          },
          {
            foreignKeyName: "device_ownerships_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "device_ownerships_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
        ];
      };
      "log_entries": {
        Row: {
          "annotated_at": string | null;
          "annotated_by": string | null;
          "batch_id": string | null;
          "boot": number | null;
          "bus_max_mv": number | null;
          "bus_min_mv": number | null;
          "bus_start_mv": number | null;
          "checkpoint_seconds": number | null;
          "class": Database["public"]["Enums"]["session_class"] | null;
          "clock_checked": boolean | null;
          "corrected": boolean | null;
          "device_name": string | null;
          "device_uuid": string | null;
          "effective_start": string | null;
          "engine_first_s": number | null;
          "engine_hobbs_end_seconds": number | null;
          "engine_hobbs_start_seconds": number | null;
          "engine_seconds": number | null;
          "entry_id": string | null;
          "excluded": boolean | null;
          "firmware": string | null;
          "flagged": boolean | null;
          "fleet_id": string | null;
          "gap_seconds": number | null;
          "heard_at": string | null;
          "held_seconds": number | null;
          "hobbs_end_seconds": number | null;
          "hobbs_start_seconds": number | null;
          "kind": Database["public"]["Enums"]["entry_kind"] | null;
          "last_update": string | null;
          "overlaps": boolean | null;
          "part_count": number | null;
          "part_number": number | null;
          "pilot": string | null;
          "plane_id": string | null;
          "possible_duplicate_of": string | null;
          "quality": Database["public"]["Enums"]["session_quality"] | null;
          "received_at": string | null;
          "registration": string | null;
          "remarks": string | null;
          "reset_reason": string | null;
          "run_seconds": number | null;
          "session_end": string | null;
          "session_id": string | null;
          "session_ids": (string)[] | null;
          "session_start": string | null;
          "short": boolean | null;
          "start_source": Database["public"]["Enums"]["start_source"] | null;
          "start_uncertainty_s": number | null;
          "state": Database["public"]["Enums"]["session_state"] | null;
          "status": Database["public"]["Enums"]["session_status"] | null;
          "suggested_class": Database["public"]["Enums"]["session_class"] | null;
        };
        ComputedFields: never;
        Relationships: [];
      };
      "my_fleets": {
        Row: {
          "created_at": string;
          "fleet_id": string;
          "joined_at": string;
          "name": string;
          "role": Database["public"]["Enums"]["fleet_role"];
        };
        ComputedFields: never;
        Relationships: [];
      };
      "session_log": {
        Row: {
          "annotated_at": string | null;
          "annotated_by": string | null;
          "batch_id": string | null;
          "boot": number | null;
          "bus_max_mv": number | null;
          "bus_min_mv": number | null;
          "bus_start_mv": number | null;
          "checkpoint_seconds": number | null;
          "class": Database["public"]["Enums"]["session_class"] | null;
          "clock_checked": boolean;
          "corrected": boolean | null;
          "device_name": string | null;
          "device_uuid": string | null;
          "effective_start": string;
          "engine_first_s": number | null;
          "engine_hobbs_end_seconds": number | null;
          "engine_hobbs_start_seconds": number | null;
          "engine_seconds": number | null;
          "entry_id": string | null;
          "excluded": boolean;
          "firmware": string | null;
          "flagged": boolean;
          "fleet_id": string | null;
          "heard_at": string;
          "held_seconds": number | null;
          "hobbs_end_seconds": number | null;
          "hobbs_start_seconds": number | null;
          "last_update": string | null;
          "overlaps": boolean;
          "pilot": string | null;
          "plane_id": string | null;
          "possible_duplicate_of": string | null;
          "quality": Database["public"]["Enums"]["session_quality"] | null;
          "received_at": string;
          "registration": string | null;
          "remarks": string | null;
          "reset_reason": string | null;
          "run_seconds": number;
          "session_end": string;
          "session_id": string;
          "session_start": string;
          "short": boolean;
          "start_source": Database["public"]["Enums"]["start_source"] | null;
          "start_uncertainty_s": number | null;
          "state": Database["public"]["Enums"]["session_state"] | null;
          "status": Database["public"]["Enums"]["session_status"];
          "suggested_class": Database["public"]["Enums"]["session_class"] | null;
        };
        ComputedFields: never;
        Relationships: [
          {
            foreignKeyName: "sessions_device_uuid_fkey";
            columns: ["device_uuid"];
            isOneToOne: false;
            referencedRelation: "devices";
            referencedColumns: ["device_uuid"];
          },
          {
            foreignKeyName: "sessions_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "sessions_fleet_id_fkey";
            columns: ["fleet_id"];
            isOneToOne: false;
            referencedRelation: "my_fleets";
            referencedColumns: ["fleet_id"];
          },
          {
            foreignKeyName: "sessions_fleet_id_plane_id_fkey";
            columns: ["fleet_id", "plane_id"];
            isOneToOne: false;
            referencedRelation: "planes";
            referencedColumns: ["fleet_id", "plane_id"];
          },
        ];
      };
    };
    Functions: {
      "accept_invite": { Args: { "token": string }; Returns: string };
      "accept_suggested_classes": { Args: { "session_ids": (string)[] }; Returns: number };
      "add_reading": {
        Args: {
          "as_of"?: string;
          "meter_id"?: string;
          "note"?: string;
          "plane_id": string;
          "reading_id"?: string;
          "reason": Database["public"]["Enums"]["reading_reason"];
          "seconds": number;
        };
        Returns: {
          "as_of": string;
          "difference_seconds": number | null;
          "entered_at": string;
          "entered_by": string | null;
          "entry": number;
          "expected_seconds": number | null;
          "fleet_id": string;
          "meter_id": string;
          "note": string | null;
          "plane_id": string;
          "reading_id": string;
          "reason": Database["public"]["Enums"]["reading_reason"];
          "seconds": number;
          "void_reason": string | null;
          "voided_at": string | null;
          "voided_by": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "hour_readings";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "add_to_entry": {
        Args: { "entry_id": string; "session_ids": (string)[] };
        Returns: {
          "author_id": string | null;
          "bus_max_mv": number | null;
          "bus_min_mv": number | null;
          "bus_start_mv": number | null;
          "by_hand": boolean | null;
          "checkpoint_seconds": number | null;
          "class": Database["public"]["Enums"]["session_class"] | null;
          "clock_checked": boolean | null;
          "corrected": boolean | null;
          "counts": boolean | null;
          "created_at": string;
          "device_uuid": string | null;
          "effective_start": string | null;
          "engine_seconds": number | null;
          "entry_id": string;
          "excluded": boolean;
          "flagged": boolean;
          "fleet_id": string;
          "held_seconds": number | null;
          "in_force": boolean;
          "is_estimated": boolean | null;
          "last_session_id": string | null;
          "overlaps": boolean;
          "pilot": string | null;
          "plane_id": string | null;
          "received_at": string | null;
          "remarks": string | null;
          "run_seconds": number | null;
          "session_end": string | null;
          "session_ids": (string)[] | null;
          "short": boolean;
          "start_source": Database["public"]["Enums"]["start_source"] | null;
          "start_uncertainty_s": number | null;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "merged_entries";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "annotate_entries": { Args: { "said": Json }; Returns: number };
      "assign_device": {
        Args: { "assigned_from"?: string; "assignment_id"?: string; "device_uuid": string; "plane_id": string };
        Returns: {
          "assigned_at": string;
          "assigned_by": string | null;
          "assigned_from": string;
          "assignment_id": string;
          "device_uuid": string;
          "fleet_id": string;
          "ownership_id": string;
          "plane_id": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "device_assignments";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "boot_gaps": {
        Args: { "device_uuid": string };
        Returns: {
          "after_end": string;
          "before_start": string;
          "from_boot": number;
          "settled_at": string;
          "settled_by": string;
          "settled_gap_id": string;
          "to_boot": number;
        }[];
      };
      "check_import": {
        Args: { "entries": Json; "fleet_id": string };
        Returns: {
          "entry_id": string;
          "fate": string;
          "message": string;
          "row_number": number;
        }[];
      };
      "claim_device": {
        Args: { "device_uuid": string; "fleet_id"?: string; "name"?: string };
        Returns: {
          "claimed_at": string;
          "claimed_by": string | null;
          "device_uuid": string;
          "fleet_id": string | null;
          "name": string | null;
          "owned": unknown;
          "owned_from": string;
          "owned_until": string | null;
          "ownership_id": string;
          "released_by": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "device_ownerships";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "close_month": {
        Args: { "fleet_id": string; "month": string; "report_id"?: string; "time_zone"?: string };
        Returns: {
          "author_id": string | null;
          "begins": string;
          "content": string;
          "ends": string;
          "fleet_id": string;
          "made_at": string;
          "month": string;
          "report_id": string;
          "sha256": string;
          "time_zone": string;
        };
        SetofOptions: {
          from: "*";
          to: "monthly_reports";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "complete_maintenance": {
        Args: {
          "after_completion_id"?: string;
          "completion_id"?: string;
          "done_at"?: string;
          "done_on"?: string;
          "item_id": string;
          "meter_seconds"?: number;
          "note"?: string;
        };
        Returns: {
          "completion_id": string;
          "done_at": string;
          "done_on": string;
          "entered_at": string;
          "entered_by": string | null;
          "entry": number;
          "expected_seconds": number | null;
          "fleet_id": string;
          "item_id": string;
          "meter_seconds": number | null;
          "note": string | null;
          "void_reason": string | null;
          "voided_at": string | null;
          "voided_by": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "maintenance_completions";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "component_seconds": {
        Args: { "at_time"?: string; "component_id": string };
        Returns: {
          "counted_seconds": number;
          "since_new_seconds": number;
          "since_overhaul_seconds": number;
        }[];
      };
      "component_status": {
        Args: { "for_fleet"?: string; "for_plane"?: string };
        Returns: {
          "component_id": string;
          "counted_seconds": number;
          "fleet_id": string;
          "installation_id": string;
          "installed_from": string;
          "kind": Database["public"]["Enums"]["component_kind"];
          "make": string;
          "meter_id": string;
          "model": string;
          "note": string;
          "plane_id": string;
          "registration": string;
          "removed_at": string;
          "serial": string;
          "since_new_seconds": number;
          "since_overhaul_seconds": number;
        }[];
      };
      "counted": { Args: { "from_time": string; "plane_id": string; "until_time": string }; Returns: number };
      "counted_engine": { Args: { "from_time": string; "plane_id": string; "until_time": string }; Returns: number };
      "create_fleet": { Args: { "fleet_id"?: string; "name": string }; Returns: string };
      "create_invite": {
        Args: { "fleet_id": string; "invite_id"?: string; "role": Database["public"]["Enums"]["fleet_role"] };
        Returns: string;
      };
      "delete_account": { Args: Record<PropertyKey, never>; Returns: number };
      "delete_fleet": { Args: { "fleet_id": string }; Returns: number };
      "device_completeness": {
        Args: { "device_uuid": string };
        Returns: {
          "first_boot": number;
          "last_boot": number;
          "lifetime_seconds": number;
          "missing_boots": number;
          "recorded_seconds": number;
          "repeated_boots": number;
          "sessions": number;
          "unrecorded_seconds": number;
        }[];
      };
      "fleet_boot_gaps": {
        Args: { "fleet_id": string };
        Returns: {
          "after_end": string;
          "before_start": string;
          "device_uuid": string;
          "from_boot": number;
          "settled_at": string;
          "settled_by": string;
          "settled_gap_id": string;
          "to_boot": number;
        }[];
      };
      "fleet_export": { Args: { "after"?: string; "fleet_id": string }; Returns: Json };
      "fleet_export_csv": { Args: { "after"?: string; "fleet_id": string }; Returns: Json };
      "fleet_overview": {
        Args: {
          "fleet_id": string;
          "latest_sessions"?: number;
          "months"?: number;
          "time_zone"?: string;
          "with_planes"?: boolean;
        };
        Returns: Json;
      };
      "fleet_people": {
        Args: { "fleet_id": string };
        Returns: {
          "email": string;
          "joined_at": string;
          "role": Database["public"]["Enums"]["fleet_role"];
          "user_id": string;
        }[];
      };
      "hours": { Args: { "at_time"?: string; "plane_id": string }; Returns: number };
      "hours_by_class": {
        Args: { "fleet_id": string; "months"?: number; "time_zone"?: string };
        Returns: {
          "class": Database["public"]["Enums"]["session_class"];
          "month": string;
          "plane_id": string;
          "seconds": number;
          "suggested_class": Database["public"]["Enums"]["session_class"];
        }[];
      };
      "hours_by_day": {
        Args: { "days"?: number; "fleet_id": string; "time_zone"?: string };
        Returns: {
          "day": string;
          "engine_seconds": number;
          "seconds": number;
          "sensed_seconds": number;
        }[];
      };
      "hours_by_month": {
        Args: { "fleet_id": string; "months"?: number; "time_zone"?: string };
        Returns: {
          "engine_seconds": number;
          "month": string;
          "plane_id": string;
          "seconds": number;
          "sensed_seconds": number;
        }[];
      };
      "import_batch_status": {
        Args: { "fleet_id": string };
        Returns: {
          "author_id": string;
          "batch_id": string;
          "changed_rows": number;
          "created_at": string;
          "file_name": string;
          "fleet_id": string;
          "mapping": Json;
          "name": string;
          "reverted_at": string;
          "reverted_by": string;
          "row_count": number;
          "rows_left": number;
        }[];
      };
      "import_sessions": {
        Args: {
          "batch_id": string;
          "entries": Json;
          "file_name": string;
          "fleet_id": string;
          "mapping": Json;
          "name": string;
        };
        Returns: {
          "author_id": string | null;
          "batch_id": string;
          "created_at": string;
          "file_name": string | null;
          "fleet_id": string;
          "mapping": NonNullable<Json>;
          "name": string;
          "reverted_at": string | null;
          "reverted_by": string | null;
          "row_count": number;
        };
        SetofOptions: {
          from: "*";
          to: "import_batches";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "ingest": { Args: { "batch": boolean; "device_key_sha256": string; "messages": Json }; Returns: Json };
      "install_component": {
        Args: {
          "component_id": string;
          "installation_id"?: string;
          "installed_from"?: string;
          "meter_id"?: string;
          "plane_id": string;
          "removed_at"?: string;
          "since_new_seconds"?: number;
          "since_overhaul_seconds"?: number;
        };
        Returns: {
          "component_id": string;
          "created_at": string;
          "created_by": string | null;
          "fleet_id": string;
          "installation_id": string;
          "installed_from": string;
          "meter_id": string;
          "plane_id": string;
          "removed_at": string | null;
          "since_new_seconds": number | null;
          "since_overhaul_seconds": number | null;
        };
        SetofOptions: {
          from: "*";
          to: "component_installations";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "invite_preview": {
        Args: { "token": string };
        Returns: {
          "expires_at": string;
          "fleet_name": string;
          "invited_by": string;
          "role": Database["public"]["Enums"]["fleet_role"];
        }[];
      };
      "join_session": { Args: { "session_id": string }; Returns: undefined };
      "log_totals": {
        Args: {
          "class"?: string;
          "device_uuid"?: string;
          "fleet_id": string;
          "from_time"?: string;
          "mark"?: string;
          "pilot"?: string;
          "plane_id"?: string;
          "until_time"?: string;
          "without_plane"?: boolean;
        };
        Returns: {
          "engine_seconds": number;
          "entries": number;
          "excluded_entries": number;
          "excluded_seconds": number;
          "first_start": string;
          "hobbs_end_seconds": number;
          "hobbs_start_seconds": number;
          "is_plain": boolean;
          "run_seconds": number;
          "sensed_entries": number;
        }[];
      };
      "maintenance_history": {
        Args: { "item_id": string };
        Returns: {
          "completion_id": string;
          "done_on": string;
          "due_on": string;
          "due_seconds": number;
          "figure_seconds": number;
        }[];
      };
      "maintenance_status": {
        Args: { "for_fleet"?: string; "for_plane"?: string; "time_zone"?: string };
        Returns: {
          "anchor": Database["public"]["Enums"]["maintenance_anchor"];
          "component_id": string;
          "counts_from": Database["public"]["Enums"]["component_time"];
          "created_at": string;
          "due_on": string;
          "due_seconds": number;
          "fleet_id": string;
          "interval_days": number;
          "interval_months": number;
          "interval_seconds": number;
          "item_id": string;
          "last_completion_id": string;
          "last_done_on": string;
          "last_done_seconds": number;
          "meter_id": string;
          "missing": Database["public"]["Enums"]["maintenance_lack"];
          "name": string;
          "note": string;
          "now_seconds": number;
          "plane_id": string;
          "projected_from": string;
          "projected_to": string;
          "registration": string;
          "remaining_days": number;
          "remaining_seconds": number;
          "status": Database["public"]["Enums"]["maintenance_state"];
          "tolerance_days": number;
          "tolerance_seconds": number;
          "urgency": number;
          "warning_days": number;
          "warning_seconds": number;
        }[];
      };
      "merge_sessions": {
        Args: {
          "class"?: Database["public"]["Enums"]["session_class"];
          "entry_id"?: string;
          "pilot"?: string;
          "remarks"?: string;
          "session_ids": (string)[];
        };
        Returns: {
          "author_id": string | null;
          "bus_max_mv": number | null;
          "bus_min_mv": number | null;
          "bus_start_mv": number | null;
          "by_hand": boolean | null;
          "checkpoint_seconds": number | null;
          "class": Database["public"]["Enums"]["session_class"] | null;
          "clock_checked": boolean | null;
          "corrected": boolean | null;
          "counts": boolean | null;
          "created_at": string;
          "device_uuid": string | null;
          "effective_start": string | null;
          "engine_seconds": number | null;
          "entry_id": string;
          "excluded": boolean;
          "flagged": boolean;
          "fleet_id": string;
          "held_seconds": number | null;
          "in_force": boolean;
          "is_estimated": boolean | null;
          "last_session_id": string | null;
          "overlaps": boolean;
          "pilot": string | null;
          "plane_id": string | null;
          "received_at": string | null;
          "remarks": string | null;
          "run_seconds": number | null;
          "session_end": string | null;
          "session_ids": (string)[] | null;
          "short": boolean;
          "start_source": Database["public"]["Enums"]["start_source"] | null;
          "start_uncertainty_s": number | null;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "merged_entries";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "merge_suggestions": {
        Args: { "fleet_id": string };
        Returns: {
          "effective_start": string;
          "entry_id": string;
          "gap_seconds": number;
          "plane_id": string;
          "session_end": string;
          "session_ids": (string)[];
        }[];
      };
      "meter_hours": { Args: { "at_time"?: string; "meter_id": string }; Returns: number };
      "meter_status": {
        Args: { "for_fleet"?: string; "for_plane"?: string };
        Returns: {
          "base_meter_id": string;
          "counted_seconds": number;
          "entered_ratio": number;
          "fleet_id": string;
          "is_primary": boolean;
          "meter_id": string;
          "name": string;
          "not_sensed_seconds": number;
          "plane_id": string;
          "ratio": number;
          "ratio_high": number;
          "ratio_low": number;
          "ratio_readings": number;
          "reading_as_of": string;
          "reading_seconds": number;
          "source": Database["public"]["Enums"]["meter_source"];
          "total_seconds": number;
          "uncertainty_less_seconds": number;
          "uncertainty_seconds": number;
        }[];
      };
      "month_report_preview": { Args: { "fleet_id": string; "month": string; "time_zone"?: string }; Returns: string };
      "plane_hours": {
        Args: { "for_fleet"?: string; "for_plane"?: string; "time_zone"?: string };
        Returns: {
          "archived_at": string;
          "counted_seconds": number;
          "counted_sessions": number;
          "device_uuid": string;
          "engine_seconds": number;
          "first_effective_start": string;
          "fleet_id": string;
          "last_effective_start": string;
          "last_session_end": string;
          "make": string;
          "meter_id": string;
          "meter_name": string;
          "meter_seconds": number;
          "meter_source": Database["public"]["Enums"]["meter_source"];
          "meter_uncertainty_less_seconds": number;
          "meter_uncertainty_seconds": number;
          "model": string;
          "month_engine_seconds": number;
          "month_seconds": number;
          "month_sensed_seconds": number;
          "month_sessions": number;
          "plane_id": string;
          "powered_seconds": number;
          "reading_as_of": string;
          "reading_seconds": number;
          "registration": string;
          "sensed_seconds": number;
          "total_seconds": number;
          "type_designator": string;
          "uncertainty_less_seconds": number;
          "uncertainty_seconds": number;
        }[];
      };
      "plane_voltages": {
        Args: { "months"?: number; "plane_id": string; "time_zone"?: string };
        Returns: {
          "bus_max_mv": number;
          "bus_min_mv": number;
          "bus_start_mv": number;
          "engine_sessions": number;
          "month": string;
          "sensed_sessions": number;
          "system_volts": number;
        }[];
      };
      "release_device": {
        Args: { "device_uuid": string };
        Returns: {
          "claimed_at": string;
          "claimed_by": string | null;
          "device_uuid": string;
          "fleet_id": string | null;
          "name": string | null;
          "owned": unknown;
          "owned_from": string;
          "owned_until": string | null;
          "ownership_id": string;
          "released_by": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "device_ownerships";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "remove_assignment": { Args: { "assignment_id": string }; Returns: undefined };
      "remove_component": {
        Args: { "component_id": string; "removed_at"?: string };
        Returns: {
          "component_id": string;
          "created_at": string;
          "created_by": string | null;
          "fleet_id": string;
          "installation_id": string;
          "installed_from": string;
          "meter_id": string;
          "plane_id": string;
          "removed_at": string | null;
          "since_new_seconds": number | null;
          "since_overhaul_seconds": number | null;
        };
        SetofOptions: {
          from: "*";
          to: "component_installations";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "reset_device_key": { Args: { "device_uuid": string }; Returns: string };
      "revert_import": {
        Args: { "batch_id": string };
        Returns: {
          "author_id": string | null;
          "batch_id": string;
          "created_at": string;
          "file_name": string | null;
          "fleet_id": string;
          "mapping": NonNullable<Json>;
          "name": string;
          "reverted_at": string | null;
          "reverted_by": string | null;
          "row_count": number;
        };
        SetofOptions: {
          from: "*";
          to: "import_batches";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "server_info": { Args: Record<PropertyKey, never>; Returns: Json };
      "sessions_to_review": {
        Args: { "fleet_id": string };
        Returns: {
          "annotated_at": string | null;
          "annotated_by": string | null;
          "batch_id": string | null;
          "boot": number | null;
          "bus_max_mv": number | null;
          "bus_min_mv": number | null;
          "bus_start_mv": number | null;
          "checkpoint_seconds": number | null;
          "class": Database["public"]["Enums"]["session_class"] | null;
          "clock_checked": boolean;
          "corrected": boolean | null;
          "device_name": string | null;
          "device_uuid": string | null;
          "effective_start": string;
          "engine_first_s": number | null;
          "engine_hobbs_end_seconds": number | null;
          "engine_hobbs_start_seconds": number | null;
          "engine_seconds": number | null;
          "entry_id": string | null;
          "excluded": boolean;
          "firmware": string | null;
          "flagged": boolean;
          "fleet_id": string | null;
          "heard_at": string;
          "held_seconds": number | null;
          "hobbs_end_seconds": number | null;
          "hobbs_start_seconds": number | null;
          "last_update": string | null;
          "overlaps": boolean;
          "pilot": string | null;
          "plane_id": string | null;
          "possible_duplicate_of": string | null;
          "quality": Database["public"]["Enums"]["session_quality"] | null;
          "received_at": string;
          "registration": string | null;
          "remarks": string | null;
          "reset_reason": string | null;
          "run_seconds": number;
          "session_end": string;
          "session_id": string;
          "session_start": string;
          "short": boolean;
          "start_source": Database["public"]["Enums"]["start_source"] | null;
          "start_uncertainty_s": number | null;
          "state": Database["public"]["Enums"]["session_state"] | null;
          "status": Database["public"]["Enums"]["session_status"];
          "suggested_class": Database["public"]["Enums"]["session_class"] | null;
        }[];
        SetofOptions: {
          from: "*";
          to: "session_log";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "set_lock": { Args: { "fleet_id": string; "locked_until": string }; Returns: string };
      "set_primary_meter": {
        Args: { "meter_id": string };
        Returns: {
          "base_meter_id": string | null;
          "created_at": string;
          "entered_ratio": number | null;
          "fleet_id": string;
          "is_primary": boolean;
          "meter_id": string;
          "name": string;
          "plane_id": string;
          "source": Database["public"]["Enums"]["meter_source"];
        };
        SetofOptions: {
          from: "*";
          to: "meters";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "set_up_maintenance": {
        Args: { "items": Json };
        Returns: {
          "anchor": Database["public"]["Enums"]["maintenance_anchor"];
          "archived_at": string | null;
          "component_id": string | null;
          "counts_from": Database["public"]["Enums"]["component_time"] | null;
          "created_at": string;
          "fleet_id": string;
          "interval_days": number | null;
          "interval_months": number | null;
          "interval_seconds": number | null;
          "item_id": string;
          "meter_id": string | null;
          "name": string;
          "note": string | null;
          "plane_id": string | null;
          "tolerance_days": number;
          "tolerance_seconds": number;
          "warning_days": number;
          "warning_seconds": number;
        }[];
        SetofOptions: {
          from: "*";
          to: "maintenance_items";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "split_session": {
        Args: { "parts": Json; "session_id": string };
        Returns: {
          "author_id": string | null;
          "class": Database["public"]["Enums"]["session_class"] | null;
          "created_at": string;
          "device_uuid": string | null;
          "effective_start": string;
          "entry_id": string;
          "excluded": boolean;
          "flagged": boolean;
          "fleet_id": string;
          "from_seconds": number;
          "in_force": boolean;
          "overlaps": boolean;
          "part_count": number | null;
          "part_number": number | null;
          "pilot": string | null;
          "plane_id": string | null;
          "remarks": string | null;
          "session_end": string | null;
          "session_id": string;
          "short": boolean;
          "start_source": Database["public"]["Enums"]["start_source"] | null;
          "until_seconds": number | null;
          "updated_at": string;
        }[];
        SetofOptions: {
          from: "*";
          to: "session_parts";
          isOneToOne: false;
          isSetofReturn: true;
        };
      };
      "take_out_of_entry": {
        Args: { "entry_id": string; "session_ids": (string)[] };
        Returns: {
          "author_id": string | null;
          "bus_max_mv": number | null;
          "bus_min_mv": number | null;
          "bus_start_mv": number | null;
          "by_hand": boolean | null;
          "checkpoint_seconds": number | null;
          "class": Database["public"]["Enums"]["session_class"] | null;
          "clock_checked": boolean | null;
          "corrected": boolean | null;
          "counts": boolean | null;
          "created_at": string;
          "device_uuid": string | null;
          "effective_start": string | null;
          "engine_seconds": number | null;
          "entry_id": string;
          "excluded": boolean;
          "flagged": boolean;
          "fleet_id": string;
          "held_seconds": number | null;
          "in_force": boolean;
          "is_estimated": boolean | null;
          "last_session_id": string | null;
          "overlaps": boolean;
          "pilot": string | null;
          "plane_id": string | null;
          "received_at": string | null;
          "remarks": string | null;
          "run_seconds": number | null;
          "session_end": string | null;
          "session_ids": (string)[] | null;
          "short": boolean;
          "start_source": Database["public"]["Enums"]["start_source"] | null;
          "start_uncertainty_s": number | null;
          "updated_at": string;
        };
        SetofOptions: {
          from: "*";
          to: "merged_entries";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "void_completion": {
        Args: { "completion_id": string; "reason": string };
        Returns: {
          "completion_id": string;
          "done_at": string;
          "done_on": string;
          "entered_at": string;
          "entered_by": string | null;
          "entry": number;
          "expected_seconds": number | null;
          "fleet_id": string;
          "item_id": string;
          "meter_seconds": number | null;
          "note": string | null;
          "void_reason": string | null;
          "voided_at": string | null;
          "voided_by": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "maintenance_completions";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "void_reading": {
        Args: { "reading_id": string; "reason": string };
        Returns: {
          "as_of": string;
          "difference_seconds": number | null;
          "entered_at": string;
          "entered_by": string | null;
          "entry": number;
          "expected_seconds": number | null;
          "fleet_id": string;
          "meter_id": string;
          "note": string | null;
          "plane_id": string;
          "reading_id": string;
          "reason": Database["public"]["Enums"]["reading_reason"];
          "seconds": number;
          "void_reason": string | null;
          "voided_at": string | null;
          "voided_by": string | null;
        };
        SetofOptions: {
          from: "*";
          to: "hour_readings";
          isOneToOne: true;
          isSetofReturn: false;
        };
      };
      "year_hours": {
        Args: { "fleet_id": string; "time_zone"?: string; "year": number };
        Returns: {
          "archived_at": string;
          "before_engine_seconds": (number)[];
          "before_seconds": (number)[];
          "engine_seconds": (number)[];
          "plane_id": string;
          "registration": string;
          "seconds": (number)[];
        }[];
      };
    };
    Enums: {
      "component_kind": "engine" | "propeller" | "other";
      "component_time": "since_new" | "since_overhaul";
      "device_state": "running" | "delivering" | "off" | "never_heard" | "needs_attention";
      "entry_kind": "session" | "merged" | "part";
      "fleet_role": "viewer" | "editor" | "owner";
      "maintenance_anchor": "from_completion" | "from_due" | "from_due_if_late";
      "maintenance_lack": "completion" | "not_installed" | "component_time" | "meter_figure";
      "maintenance_state": "ok" | "due_soon" | "due" | "overdue" | "unknown";
      "meter_source": "powered" | "engine" | "estimated";
      "reading_reason": "initial" | "check" | "correction" | "meter_replaced";
      "session_class": "flight" | "ground_run" | "maintenance" | "avionics_only" | "test";
      "session_quality": "measured" | "clock_estimated" | "unconfirmed" | "flagged" | "hand_entered";
      "session_state": "running" | "last_heard" | "ended" | "unconfirmed";
      "session_status": "open" | "closed";
      "start_source": "ntp" | "server" | "rtc" | "estimated";
    };
    CompositeTypes: {
      [_ in never]: never;
    };
  };
};

type DatabaseWithoutInternals = Omit<Database, "__InternalSupabase">;

type DefaultSchema = DatabaseWithoutInternals[Extract<keyof Database, "public">];

export type Tables<
  DefaultSchemaTableNameOrOptions extends
    | keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof (
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
      & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
    )
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals } ? (
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    & DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Views"]
  )[TableName] extends {
    Row: infer R;
  } ? R
  : never
  : DefaultSchemaTableNameOrOptions extends keyof (DefaultSchema["Tables"] & DefaultSchema["Views"])
    ? (DefaultSchema["Tables"] & DefaultSchema["Views"])[DefaultSchemaTableNameOrOptions] extends {
      Row: infer R;
    } ? R
    : never
  : never;

export type TablesInsert<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
    Insert: infer I;
  } ? I
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Insert: infer I;
    } ? I
    : never
  : never;

export type TablesUpdate<
  DefaultSchemaTableNameOrOptions extends
    | keyof DefaultSchema["Tables"]
    | { schema: keyof DatabaseWithoutInternals },
  TableName extends DefaultSchemaTableNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"]
    : never = never,
> = DefaultSchemaTableNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaTableNameOrOptions["schema"]]["Tables"][TableName] extends {
    Update: infer U;
  } ? U
  : never
  : DefaultSchemaTableNameOrOptions extends keyof DefaultSchema["Tables"]
    ? DefaultSchema["Tables"][DefaultSchemaTableNameOrOptions] extends {
      Update: infer U;
    } ? U
    : never
  : never;

export type Enums<
  DefaultSchemaEnumNameOrOptions extends
    | keyof DefaultSchema["Enums"]
    | { schema: keyof DatabaseWithoutInternals },
  EnumName extends DefaultSchemaEnumNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"]
    : never = never,
> = DefaultSchemaEnumNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[DefaultSchemaEnumNameOrOptions["schema"]]["Enums"][EnumName]
  : DefaultSchemaEnumNameOrOptions extends keyof DefaultSchema["Enums"]
    ? DefaultSchema["Enums"][DefaultSchemaEnumNameOrOptions]
  : never;

export type CompositeTypes<
  PublicCompositeTypeNameOrOptions extends
    | keyof DefaultSchema["CompositeTypes"]
    | { schema: keyof DatabaseWithoutInternals },
  CompositeTypeName extends PublicCompositeTypeNameOrOptions extends {
    schema: keyof DatabaseWithoutInternals;
  } ? keyof DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"]
    : never = never,
> = PublicCompositeTypeNameOrOptions extends { schema: keyof DatabaseWithoutInternals }
  ? DatabaseWithoutInternals[PublicCompositeTypeNameOrOptions["schema"]]["CompositeTypes"][CompositeTypeName]
  : PublicCompositeTypeNameOrOptions extends keyof DefaultSchema["CompositeTypes"]
    ? DefaultSchema["CompositeTypes"][PublicCompositeTypeNameOrOptions]
  : never;

export const Constants = {
  "public": {
    Enums: {
      "component_kind": ["engine", "propeller", "other"],
      "component_time": ["since_new", "since_overhaul"],
      "device_state": ["running", "delivering", "off", "never_heard", "needs_attention"],
      "entry_kind": ["session", "merged", "part"],
      "fleet_role": ["viewer", "editor", "owner"],
      "maintenance_anchor": ["from_completion", "from_due", "from_due_if_late"],
      "maintenance_lack": ["completion", "not_installed", "component_time", "meter_figure"],
      "maintenance_state": ["ok", "due_soon", "due", "overdue", "unknown"],
      "meter_source": ["powered", "engine", "estimated"],
      "reading_reason": ["initial", "check", "correction", "meter_replaced"],
      "session_class": ["flight", "ground_run", "maintenance", "avionics_only", "test"],
      "session_quality": ["measured", "clock_estimated", "unconfirmed", "flagged", "hand_entered"],
      "session_state": ["running", "last_heard", "ended", "unconfirmed"],
      "session_status": ["open", "closed"],
      "start_source": ["ntp", "server", "rtc", "estimated"],
    },
  },
} as const;
